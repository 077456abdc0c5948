import { expect, test } from 'vitest'
import { promptFeatures } from '../registry.ts'
import { fillTemplate, slotsOf } from './template.ts'

test('slots are filled in one pass: nothing inside a text is a slot', () => {
  expect(fillTemplate('{{a}} and {{b}}', { a: '{{b}}', b: '$& $1 {{#a}}x{{/a}}' })).toBe(
    '{{b}} and $& $1 {{#a}}x{{/a}}',
  )
})

test('a section stands only when its text is not blank, and takes its lines with it', () => {
  const template = 'one\n{{#note}}\nNote: {{note}}\n{{/note}}\ntwo'
  expect(fillTemplate(template, { note: 'hear' })).toBe('one\nNote: hear\ntwo')
  expect(fillTemplate(template, { note: ' \n' })).toBe('one\ntwo')
})

test('a name without a text is a bug', () => {
  expect(() => fillTemplate('{{toString}}', {})).toThrow(/toString/)
})

test('the names of a template are known, those in sections too', () => {
  expect(slotsOf('{{a}} {{#b}}{{c}}{{/b}}')).toEqual(['a', 'b', 'c'])
})

test.each([...promptFeatures.values()].map((feature) => [feature.promptId, feature] as const))(
  '%s has a prompt id of its own that its catalogue entry repeats',
  (id, feature) => {
    expect(feature.about).toMatchObject({ promptId: id, unitPrimitives: feature.unitPrimitives })
    expect([...promptFeatures.values()].filter(({ promptId }) => promptId === id)).toHaveLength(1)
  },
)
