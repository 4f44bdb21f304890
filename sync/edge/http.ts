/** Of `node:http`. An `import` of that also loads undici, for a WebSocket that Node exports there: 33 ms of a kiosk's start. */
export const { createServer, request } = process.getBuiltinModule('node:http');
