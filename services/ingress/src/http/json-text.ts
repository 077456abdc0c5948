import { isUtf8 } from 'node:buffer'
import { BodyRefusal } from './body-refusal.ts'

/** Deeper bodies are no request of any client. */
const depthMax = 64
/** Members and elements in one body: what many tiny values cost in memory is a multiple of their bytes. */
const valuesMax = 100_000

const quote = 0x22
const backslash = 0x5c

/** Parses a body. Throws BodyRefusal `malformed` for anything but plain, shallow JSON in UTF-8. */
export const parseJsonText = (bytes: Buffer): unknown => {
  if (bytes.byteLength === 0) throw new BodyRefusal('malformed', 'The request body is empty.')
  if (!isUtf8(bytes)) throw new BodyRefusal('malformed', 'The request body is not valid UTF-8.')
  checkShape(bytes)
  const json = parse(bytes.toString())
  checkNames(json)
  return json
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    // The parser's own message quotes the text around the error.
    throw new BodyRefusal('malformed', 'The request body is not valid JSON.', error)
  }
}

/** Bounds depth and number of values before any of them is built. Strings, nearly all of a body, are skipped by a native search. */
const checkShape = (bytes: Buffer): void => {
  let depth = 0
  let values = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === quote) at = endOfString(bytes, at)
    else if (byte === 0x5b || byte === 0x7b) depth++
    else if (byte === 0x5d || byte === 0x7d) depth--
    else if (byte === 0x2c) values++
    else continue
    if (depth > depthMax)
      throw new BodyRefusal('malformed', `The request body is nested deeper than ${depthMax} levels.`)
    if (values > valuesMax) throw new BodyRefusal('malformed', `The request body has more than ${valuesMax} values.`)
  }
}

/** Index of the quote that closes the string opened at `start`; the end of the bytes when none does. */
const endOfString = (bytes: Buffer, start: number): number => {
  for (let at = bytes.indexOf(quote, start + 1); at >= 0; at = bytes.indexOf(quote, at + 1)) {
    let escapes = 0
    while (bytes[at - 1 - escapes] === backslash) escapes++
    if (escapes % 2 === 0) return at
  }
  return bytes.length
}

/** Names through which a copied object could reach a prototype. */
const checkNames = (json: unknown): void => {
  if (typeof json !== 'object' || json === null) return
  if (!Array.isArray(json) && (Object.hasOwn(json, '__proto__') || hasPrototypePath(json)))
    throw new BodyRefusal('malformed', 'The request body has a forbidden member name.')
  for (const member of Object.values(json)) checkNames(member)
}

const hasPrototypePath = (json: object): boolean => {
  const made: unknown = Object.hasOwn(json, 'constructor') ? (json as Record<string, unknown>)['constructor'] : null
  return typeof made === 'object' && made !== null && Object.hasOwn(made, 'prototype')
}
