/**
 * Node.js's `http` without what an import of it brings along: that reads every export, the classes
 * of `fetch` and `WebSocket` among them, and so loads an HTTP client that few here use: 6 MB and
 * some 15 ms of each process.
 */
const http = process.getBuiltinModule('node:http');

export const request = http.request;
export const statusTexts = http.STATUS_CODES;
export const validateHeaderName = http.validateHeaderName;
export const validateHeaderValue = http.validateHeaderValue;
