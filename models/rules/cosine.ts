/**
 * Dot product of two vectors of equal length in float64, summed from the first value to the last: the definition of the gallery's
 * scores. The cosine when both are L2-normalised.
 */
export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/**
 * The mean of embeddings; its length, at most 1, says how alike they are. The dot product of two means is the mean of the
 * cosines of all their pairs: it is spread no wider than they are, so what is known of false matches of single pictures is
 * a guess on the safe side (no proof: that a mean is spread less does not say so of each threshold).
 */
export function meanOf(embeddings: readonly Float32Array[]): Float32Array {
  const mean = new Float32Array(embeddings[0]?.length ?? 0);
  for (const one of embeddings) for (let i = 0; i < mean.length; i++) mean[i]! += one[i]! / embeddings.length;
  return mean;
}

/** A vector's direction, of length 1, and how long it was. Null: it has none. */
export function directionOf(
  vector: Float32Array,
): { readonly direction: Float32Array; readonly length: number } | null {
  const length = Math.sqrt(dot(vector, vector));
  return length > 0 ? { direction: vector.map((value) => value / length), length } : null;
}

/** Whether a vector is an embedding at all: of length 1, within what float32 rounds. What another machine sent may be anything. */
export const isNormalised = (vector: Float32Array): boolean => Math.abs(dot(vector, vector) - 1) < 0.01;
