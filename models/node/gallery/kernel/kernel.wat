;; The gallery's inner loops. Assembled twice by build/gallery/assemble.ts, which expands @PRODUCTS, @ROWS and @SUMS: once with
;; the relaxed dot product, once with plain SIMD. Both give the same integers on every machine.
;;
;; Memory (the same numbers are in layout.ts, and kernel.test.ts compares them):
;;   page 0      512 query codes (i8) at 0; 512 query values (f64) at 1024; list of rows (i32) at 8192;
;;               dot products (f64) at 16384.
;;   a block     1024 rows: codes (u7, 512 each) at 0; embeddings (f32, 512 each) at 524288; then 1024 of each:
;;               scale (f32) at 2621440, error (f32) at 2625536, upper bound (f32) at 2629632, person (i32) at 2633728.
(module
  (memory (import "gallery" "memory") 1 65536)

  ;; The two greatest lower bounds of two different people, and who they are. Set by the caller before a scan.
  (global $best (export "best") (mut f32) (f32.const 0))
  (global $bestPerson (export "bestPerson") (mut i32) (i32.const 0))
  (global $second (export "second") (mut f32) (f32.const 0))
  (global $secondPerson (export "secondPerson") (mut i32) (i32.const 0))

  ;; Updates the two greatest lower bounds with one more.
  (func $raise (param $lower f32) (param $person i32)
    (if (f32.gt (local.get $lower) (global.get $second))
      (then
        (if (i32.eq (local.get $person) (global.get $bestPerson))
          (then
            (if (f32.gt (local.get $lower) (global.get $best))
              (then (global.set $best (local.get $lower)))))
          (else
            (if (f32.gt (local.get $lower) (global.get $best))
              (then
                (global.set $second (global.get $best))
                (global.set $secondPerson (global.get $bestPerson))
                (global.set $best (local.get $lower))
                (global.set $bestPerson (local.get $person)))
              (else
                (global.set $second (local.get $lower))
                (global.set $secondPerson (local.get $person)))))))))

  ;; Writes the upper bound of each row, and updates $best and $second with the lower bounds, four rows at a time. Rows between
  ;; $count and the next multiple of four are empty: their error is infinite, so their lower bound is −∞.
  (func (export "scan") (param $block i32) (param $count i32) (param $offset i32) (param $queryScale f32) (param $grow f32)
    (local $row i32) (local $end i32) (local $side i32) (local $q v128)
    (local $a0 v128) (local $a1 v128) (local $a2 v128) (local $a3 v128)
    (local $cosine v128) (local $error v128) (local $lower v128)
    (local $x v128)
    (local.set $row (local.get $block))
    (local.set $end (i32.add (local.get $block) (i32.shl (local.get $count) (i32.const 9))))
    (local.set $side (local.get $block))
    (block $done
      (loop $rows
        (br_if $done (i32.ge_u (local.get $row) (local.get $end)))
        (local.set $a0 (v128.const i64x2 0 0))
        (local.set $a1 (v128.const i64x2 0 0))
        (local.set $a2 (v128.const i64x2 0 0))
        (local.set $a3 (v128.const i64x2 0 0))
        @PRODUCTS
        ;; Combines four times four partial sums into one vector of four sums.
        (local.set $q (i32x4.add
          (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $a0) (local.get $a1))
          (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $a0) (local.get $a1))))
        (local.set $a2 (i32x4.add
          (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $a2) (local.get $a3))
          (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $a2) (local.get $a3))))
        (local.set $a0 (i32x4.add
          (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $q) (local.get $a2))
          (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $q) (local.get $a2))))
        (local.set $cosine (f32x4.mul
          (f32x4.mul
            (f32x4.convert_i32x4_s (i32x4.sub (local.get $a0) (i32x4.splat (local.get $offset))))
            (f32x4.splat (local.get $queryScale)))
          (v128.load offset=2621440 (local.get $side))))
        (local.set $error (f32x4.mul (v128.load offset=2625536 (local.get $side)) (f32x4.splat (local.get $grow))))
        (v128.store offset=2629632 (local.get $side) (f32x4.add (local.get $cosine) (local.get $error)))
        (local.set $lower (f32x4.sub (local.get $cosine) (local.get $error)))
        (if (v128.any_true (f32x4.gt (local.get $lower) (f32x4.splat (global.get $second))))
          (then
            (call $raise (f32x4.extract_lane 0 (local.get $lower)) (i32.load offset=2633728 (local.get $side)))
            (call $raise (f32x4.extract_lane 1 (local.get $lower)) (i32.load offset=2633732 (local.get $side)))
            (call $raise (f32x4.extract_lane 2 (local.get $lower)) (i32.load offset=2633736 (local.get $side)))
            (call $raise (f32x4.extract_lane 3 (local.get $lower)) (i32.load offset=2633740 (local.get $side)))))
        (local.set $side (i32.add (local.get $side) (i32.const 16)))
        (local.set $row (i32.add (local.get $row) (i32.const 2048)))
        (br $rows))))

  ;; Lists the rows whose upper bound reaches $need, or $needOfBest for rows of $person. Returns their number.
  (func (export "collect") (param $block i32) (param $count i32) (param $needOfBest f32) (param $person i32) (param $need f32)
    (result i32)
    (local $side i32) (local $row i32) (local $next i32) (local $out i32) (local $bound f32)
    (local.set $side (local.get $block))
    (local.set $out (i32.const 8192))
    (block $done
      (loop $rows
        (br_if $done (i32.ge_u (local.get $row) (local.get $count)))
        (local.set $next (i32.add (local.get $row) (i32.const 4)))
        (if (v128.any_true (f32x4.ge (v128.load offset=2629632 (local.get $side)) (f32x4.splat (local.get $need))))
          (then
            (block $four
              (loop $one
                (br_if $four (i32.ge_u (local.get $row) (local.get $count)))
                (local.set $bound (f32.load offset=2629632 (local.get $side)))
                (if (f32.ge (local.get $bound)
                      (select (local.get $needOfBest) (local.get $need)
                        (i32.eq (i32.load offset=2633728 (local.get $side)) (local.get $person))))
                  (then
                    (i32.store (local.get $out) (local.get $row))
                    (local.set $out (i32.add (local.get $out) (i32.const 4)))))
                (local.set $side (i32.add (local.get $side) (i32.const 4)))
                (local.set $row (i32.add (local.get $row) (i32.const 1)))
                (br_if $one (i32.lt_u (local.get $row) (local.get $next))))))
          (else
            (local.set $side (i32.add (local.get $side) (i32.const 16)))
            (local.set $row (local.get $next))))
        (br $rows)))
    (i32.shr_u (i32.sub (local.get $out) (i32.const 8192)) (i32.const 2)))

  ;; Float64 dot products of the query with the $count listed rows, each summed from the first value to the last; four rows at a
  ;; time, to hide the latency of the additions. Reads the list up to three entries too far.
  (func (export "rerank") (param $block i32) (param $count i32)
    (local $j i32) (local $at i32) (local $q f64)
    (local $p0 i32) (local $p1 i32) (local $p2 i32) (local $p3 i32)
    (local $s0 f64) (local $s1 f64) (local $s2 f64) (local $s3 f64)
    (block $done
      (loop $rows
        (br_if $done (i32.ge_u (local.get $j) (local.get $count)))
        @ROWS
        (local.set $s0 (f64.const 0))
        (local.set $s1 (f64.const 0))
        (local.set $s2 (f64.const 0))
        (local.set $s3 (f64.const 0))
        (local.set $at (i32.const 0))
        (loop $values
          (local.set $q (f64.load offset=1024 (i32.shl (local.get $at) (i32.const 1))))
          @SUMS
          (local.set $at (i32.add (local.get $at) (i32.const 4)))
          (br_if $values (i32.lt_u (local.get $at) (i32.const 2048))))
        (f64.store offset=16384 (i32.shl (local.get $j) (i32.const 3)) (local.get $s0))
        (f64.store offset=16392 (i32.shl (local.get $j) (i32.const 3)) (local.get $s1))
        (f64.store offset=16400 (i32.shl (local.get $j) (i32.const 3)) (local.get $s2))
        (f64.store offset=16408 (i32.shl (local.get $j) (i32.const 3)) (local.get $s3))
        (local.set $j (i32.add (local.get $j) (i32.const 4)))
        (br $rows)))))
