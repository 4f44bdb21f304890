/** Dot product of two vectors of equal length; the cosine when both are L2-normalised. */
export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** Whether a vector is an embedding at all: of length 1, within what float32 rounds. What another machine sent may be anything. */
export const isNormalised = (vector: Float32Array): boolean => Math.abs(dot(vector, vector) - 1) < 0.01;
