/** As templates travel and are kept: little-endian float32. */
export function vectorBytes(embedding: Float32Array): Buffer {
  const bytes = Buffer.alloc(embedding.length * 4);
  for (const [i, value] of embedding.entries()) bytes.writeFloatLE(value, i * 4);
  return bytes;
}

export function vectorFrom(bytes: Uint8Array): Float32Array {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: view.length / 4 }, (_, i) => view.readFloatLE(i * 4));
}
