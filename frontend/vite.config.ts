// Builds the dashboard into the one module that the integration serves, and runs its tests.
import { defineConfig } from "vitest/config";

export default defineConfig({
  build: {
    lib: { entry: "src/home-bms.ts", formats: ["es"], fileName: () => "home-bms.js" },
    outDir: process.env.HOME_BMS_DASHBOARD ?? "../custom_components/home_bms/frontend",
    emptyOutDir: true,
    target: "es2022",
    // One file: nothing is loaded later, so nothing can be of another version.
    rolldownOptions: { output: { codeSplitting: false } },
    reportCompressedSize: false,
  },
  test: { environment: "happy-dom", include: ["test/**/*.test.ts"] },
});
