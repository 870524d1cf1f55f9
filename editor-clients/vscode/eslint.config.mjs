import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import ts from "typescript-eslint";

export default defineConfig(
  globalIgnores(["out/"]),
  { files: ["**/*.mjs"], extends: [js.configs.recommended], languageOptions: { globals: { console: "readonly" } } },
  {
    files: ["src/**/*.ts"],
    extends: [js.configs.recommended, ts.configs.strictTypeChecked, ts.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
  },
);
