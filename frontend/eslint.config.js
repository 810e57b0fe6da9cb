import eslint from '@eslint/js';
import angular from 'angular-eslint';
import { defineConfig } from 'eslint/config';
import typescript from 'typescript-eslint';

export default defineConfig(
  { ignores: ['**/dist/', '**/dist.partial/', '**/generated/', '**/.angular/'] },
  {
    files: ['**/*.ts'],
    extends: [
      eslint.configs.recommended,
      typescript.configs.strictTypeChecked,
      typescript.configs.stylisticTypeChecked,
    ],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      // noPropertyAccessFromIndexSignature of tsc asks for the opposite.
      '@typescript-eslint/dot-notation': 'off',
      // Angular components are classes with a decorator and sometimes nothing else.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
    },
  },
  {
    files: ['app/src/**/*.ts'],
    extends: [angular.configs.tsRecommended],
    processor: angular.processInlineTemplates,
  },
  {
    files: ['app/src/**/*.html'],
    extends: [angular.configs.templateRecommended, angular.configs.templateAccessibility],
  },
  {
    files: ['**/*.{js,mjs}'],
    extends: [eslint.configs.recommended],
    languageOptions: {
      globals: { process: 'readonly', URL: 'readonly', WebAssembly: 'readonly' },
    },
  },
  {
    files: ['app/public/sw.js'],
    languageOptions: {
      globals: {
        BroadcastChannel: 'readonly',
        File: 'readonly',
        PerformanceObserver: 'readonly',
        Response: 'readonly',
        caches: 'readonly',
        crypto: 'readonly',
        fetch: 'readonly',
        self: 'readonly',
      },
    },
  },
  {
    files: ['recognizer/example/*.js'],
    languageOptions: {
      globals: {
        URLSearchParams: 'readonly',
        createImageBitmap: 'readonly',
        document: 'readonly',
        location: 'readonly',
      },
    },
  },
);
