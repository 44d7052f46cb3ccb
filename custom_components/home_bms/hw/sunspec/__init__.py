"""SunSpec: batteries that tell where their registers are."""
