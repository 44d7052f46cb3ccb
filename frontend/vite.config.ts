// Builds the dashboard into the one module that the integration serves, and runs its tests.
import { readFileSync } from "node:fs";

import { defineConfig } from "vitest/config";

// What is bundled may be passed on with its licence only, and minifying takes comments away.
const licences = ["lit", "uplot"].map((name) => `${name}\n\n${readFileSync(`node_modules/${name}/LICENSE`, "utf8").trim()}`);

export default defineConfig({
  build: {
    lib: { entry: "src/home-bms.ts", formats: ["es"], fileName: () => "home-bms.js" },
    outDir: process.env.HOME_BMS_DASHBOARD ?? "../custom_components/home_bms/frontend",
    emptyOutDir: true,
    target: "es2022",
    // One file: nothing is loaded later, so nothing can be of another version.
    rolldownOptions: { output: { codeSplitting: false, postBanner: `/*!\n${licences.join("\n\n")}\n*/` } },
    reportCompressedSize: false,
  },
  test: { environment: "happy-dom", include: ["test/**/*.test.ts"] },
});
