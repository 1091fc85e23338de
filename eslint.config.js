import js from '@eslint/js'
import regexp from 'eslint-plugin-regexp'
import tseslint from 'typescript-eslint'

export default tseslint.config(
  {
    ignores: [
      'dist/',
      'dist-*/',
      '.tap/',
      'bench/',
      'node_modules/',
      'routes/portal/',
      'test/openapi/',
      'test/mutation/',
    ],
  },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { project: './test/tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // A route or plugin is async by contract, whether or not it awaits.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-assertions': [
        'error',
        { assertionStyle: 'as', objectLiteralTypeAssertions: 'never' },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // tap's `t.test` returns a promise that tap itself awaits.
      '@typescript-eslint/no-floating-promises': [
        'error',
        { allowForKnownSafeCalls: [{ from: 'package', name: 'test', package: '@tapjs/test' }] },
      ],
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector:
            'CallExpression[callee.name=/^generateKeyPair/]:not(:has(Property[key.name="privateKeyEncoding"]))',
          message: 'Generate key pairs as text: while a key that is an object is exported, Node 20 can hang.',
        },
      ],
    },
  },
  {
    plugins: { regexp },
    rules: {
      // Texts come from clients: an expression must not take the square of their length.
      'regexp/no-super-linear-backtracking': ['error', { report: 'potential' }],
      'regexp/no-super-linear-move': ['error', { report: 'potential', ignorePartial: false }],
    },
  },
  {
    // They read what developers write.
    files: ['test/**', 'src/demo/**', 'src/tools/**'],
    rules: {
      'regexp/no-super-linear-backtracking': 'off',
      'regexp/no-super-linear-move': 'off',
    },
  },
  {
    files: ['src/demo/run.ts', 'src/tools/**', 'src/main.ts', 'test/support/suite/**'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['src/portal/**'],
    languageOptions: {
      parserOptions: { project: './src/portal/tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
  },
  { files: ['**/*.js'], ...tseslint.configs.disableTypeChecked },
)
