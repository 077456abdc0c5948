import { bodyPieceBytes } from '@penstock/contracts'

/** How many pieces a body travels in; an empty body is one empty piece. */
export const pieceCount = (body: Uint8Array): number => Math.max(1, Math.ceil(body.byteLength / bodyPieceBytes))

/** Piece `index` of a body, without copying. */
export const pieceOf = (body: Uint8Array, index: number): Uint8Array =>
  body.subarray(index * bodyPieceBytes, (index + 1) * bodyPieceBytes)
