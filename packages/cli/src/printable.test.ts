import { expect, test } from 'vitest'
import { printable, printableJson, printableLine } from './printable.ts'

const attacks = {
  'clear the screen': '\u001B[2J',
  'set the title': '\u001B]0;owned\u0007',
  'fill the clipboard': '\u001B]52;c;cm0gLXJm\u001B\\',
  'the C1 form of ESC [': '\u009B2J',
  'go back and overwrite': 'safe\r\u0008\u0008evil',
  'turn the direction': 'user\u202Eexe.gpj',
  isolate: 'a\u2066b\u2069',
  'delete and null': 'a\u007F\u0000b',
}
const acted = /(?![\t\n])[\p{Cc}\u202A-\u202E\u2066-\u2069]/u

test.each(Object.entries(attacks))('a terminal cannot be made to %s', (_what, attack) => {
  for (const text of [printable(attack), printableLine(attack), printableJson({ attack })])
    expect(text).not.toMatch(acted)
  expect(JSON.parse(printableJson({ attack }))).toEqual({ attack })
})

test('text in any script, tabs and line ends stay as they are; a cell has no line end', () => {
  const text = 'naïve 日本語 👩‍💻 עברית\n\tok'
  expect(printable(text)).toBe(text)
  expect(printableLine('a\nb\tc')).toBe('a\uFFFDb\uFFFDc')
})
