/**
 * Of `node:http`. Importing that normally also loads undici, for a WebSocket that Node exports there: 33 ms at a kiosk's start.
 */
export const { createServer, request } = process.getBuiltinModule('node:http');
