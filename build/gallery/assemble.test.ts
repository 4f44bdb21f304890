import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { assembleKernel, BYTES_FILE, kernelBytesSource } from './assemble.ts';

describe('the gallery’s committed kernels', () => {
  it('are what kernel.wat assembles to, byte for byte', async () => {
    expect(readFileSync(BYTES_FILE, 'utf8')).toBe(await kernelBytesSource());
  });

  it('differ in the instructions they need: only one uses relaxed SIMD', async () => {
    // i32x4.relaxed_dot_i8x16_i7x16_add_s is 0xfd 0x93 0x02.
    const code = Buffer.from([0xfd, 0x93, 0x02]);
    expect(Buffer.from(await assembleKernel('relaxed')).includes(code)).toBe(true);
    expect(Buffer.from(await assembleKernel('simd')).includes(code)).toBe(false);
  });
});
