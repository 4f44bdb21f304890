/** `node:http`, without undici, which an `import` would also load for a WebSocket exported there: 33 ms of a kiosk's start. */
export const { createServer, request } = process.getBuiltinModule('node:http');
