import { dot } from '../../rules/cosine.ts';
import { ModelProblem } from '../problem.ts';

/**
 * Represents an embedding by small integers, with a proven bound on the error.
 *
 * Let q̂ = q/|q| be the probe and x̂ = x/|x| a row, as real unit vectors. The probe is written q̂ = s·a + r with integer
 * codes a, |aᵢ| ≤ 127, and ρ = |r|; the row x̂ = t·c + e with codes c, |cᵢ| ≤ 63, and ε = |e|. Then
 *
 *     q̂·x̂ = q̂·(t·c) + q̂·e = s·t·(a·c) + r·(t·c) + q̂·e,
 *
 * and since |t·c| = |x̂ − e| ≤ 1 + ε, Cauchy–Schwarz gives
 *
 *     | q̂·x̂ − s·t·(a·c) |  ≤  ρ·|t·c| + |q̂|·ε  ≤  ρ·(1 + ε) + ε  =  ρ + ε·(1 + ρ).
 *
 * Nothing is assumed about the values: the residuals are measured, row by row, so the bound also holds for rows made to
 * break it, which merely have a large ε. The row is stored as b = c + 64, 1..127, and a·c = a·b − 64·Σaᵢ.
 *
 * A row of weight w ≤ 1 scores w·q̂·x̂. With t and ε times w the same holds for it, since w·(ρ·(1 + ε) + ε) ≤ ρ + w·ε·(1 + ρ).
 *
 * A vector of fewer than 512 values is padded to 512 with zeros.
 *
 * The computed values differ from this by rounding. All integers are exact: |a·c| ≤ 512·127·63 < 2²⁴ fits a float32.
 * ε ≤ ½·√512/63 < 0.18 and ρ ≤ ½·√512/127 < 0.09, so |s·t·(a·c)| < 1.3, and each of the handful of float32 roundings (two
 * products, t·w, ε, 1 + ρ, their product, the sum, the threshold) is at most 2⁻²⁴·1.5 < 9·10⁻⁸; those of the float64 sums are
 * below 10⁻¹². `SLACK` = 2·10⁻⁶ covers all of them, on both sides of a comparison, with room to spare. So, with u = the
 * computed s·t·(a·c) + ε·(1 + ρ) of a row and L = the computed s·t·(a·c) − ε·(1 + ρ) of another,
 *
 *     u < L − 2ρ − SLACK   ⇒   the first row's float64 cosine is below the other's.
 */
export const SLACK = 2e-6;

/** Maximum code of a row. With the shift of 64, rows use 1..127. */
const ROW_LIMIT = 63;
/** Added to a row's codes, so that the second operand of the relaxed dot product has 7 bits. */
export const ROW_SHIFT = 64;
/** Maximum code of a probe. */
const QUERY_LIMIT = 127;

/** Maximum deviation of an embedding's norm from 1. */
export const NORM_TOLERANCE = 1e-3;

export interface Quantised {
  /** s or t: a float32, so that no kernel rounds it again. */
  readonly scale: number;
  /** ρ or ε. */
  readonly residual: number;
}

/** Returns the cosine from a dot product and two norms, limited to ±1, which rounding could exceed by about 10⁻¹⁶. */
export function cosine(product: number, normA: number, normB: number): number {
  return Math.min(1, Math.max(-1, product / (normA * normB)));
}

/** Returns the norm of an embedding; throws a ModelProblem unless it has `length` finite float32 values and norm 1 ± 10⁻³. */
export function checkedNorm(embedding: Float32Array, length: number): number {
  if (!(embedding instanceof Float32Array) || embedding.length !== length) {
    throw new ModelProblem('embedding-wrong-shape', {
      length,
      found: embedding instanceof Float32Array ? embedding.length : 'another type',
    });
  }
  const norm = Math.sqrt(dot(embedding, embedding));
  if (!Number.isFinite(norm)) {
    throw new ModelProblem('embedding-not-finite');
  }
  if (Math.abs(norm - 1) > NORM_TOLERANCE) {
    throw new ModelProblem('embedding-not-normalised', { norm: norm.toPrecision(6) });
  }
  return norm;
}

/** Writes round(x̂ / scale) + shift to `codes` at `at`, with scale = max|x̂ᵢ| / limit, and measures the residual. */
function quantise(
  x: Float32Array,
  norm: number,
  limit: number,
  shift: number,
  codes: Int8Array,
  at: number,
): Quantised {
  let largest = 0;
  for (let i = 0; i < x.length; i++) {
    const size = Math.abs(x[i]!);
    if (size > largest) largest = size;
  }
  const scale = Math.fround(largest / norm / limit);
  const factor = 1 / (norm * scale);
  const back = scale * norm;
  let left = 0;
  for (let i = 0; i < x.length; i++) {
    const value = x[i]!;
    // |value · factor| is at most limit · (1 + 10⁻⁷), which rounds to within ±limit.
    const code = Math.round(value * factor);
    codes[at + i] = code + shift;
    const rest = value - code * back;
    left += rest * rest;
  }
  return { scale, residual: Math.sqrt(left) / norm };
}

/** Writes the codes of a row: 1..127, where 64 means 0. */
export function quantiseRow(x: Float32Array, norm: number, codes: Int8Array, at: number): Quantised {
  return quantise(x, norm, ROW_LIMIT, ROW_SHIFT, codes, at);
}

/** Writes the codes of a probe: −127..127. */
export function quantiseQuery(x: Float32Array, norm: number, codes: Int8Array, at: number): Quantised {
  return quantise(x, norm, QUERY_LIMIT, 0, codes, at);
}
