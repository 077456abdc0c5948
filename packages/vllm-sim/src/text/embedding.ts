import { ByteHash } from './byte-hash.ts'

/** A unit vector decided by model and text: equal texts are near, different ones are not. */
export const embeddingOf = (
  text: Uint8Array,
  { model, size }: { readonly model: string; readonly size: number },
): Float32Array => {
  const hash = new ByteHash().update(Buffer.from(`${model}\0`)).update(text)
  const vector = Float32Array.from({ length: size }, (_, index) => hash.digest(1000 + index) / 2 ** 31 - 1)
  const norm = Math.hypot(...vector)
  return vector.map((value) => value / norm)
}
