/** Node's own `import()`, for a module that the test runner loaded with `require`. */
export const nativeImport = (url: string): Promise<unknown> => import(url);
