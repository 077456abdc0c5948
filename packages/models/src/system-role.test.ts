import { expect, test } from 'vitest'
import type { ChatMessage } from './message.ts'
import { withoutSystemRole } from './system-role.ts'

const messagesOf = (messages: ChatMessage[]) => {
  const call = withoutSystemRole({ kind: 'chat', messages, maxTokens: 5 })
  expect(call).toMatchObject({ kind: 'chat', maxTokens: 5 })
  return call.kind === 'chat' ? call.messages : []
}

test('what the system says opens the first turn of the user', () => {
  expect(
    messagesOf([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Yo' },
    ]),
  ).toEqual([
    { role: 'user', content: 'Be brief.\n\nHi' },
    { role: 'assistant', content: 'Yo' },
  ])
})

test('several systems are one, and images stay', () => {
  const image = { type: 'image', dataUrl: 'data:image/png;base64,AA' } as const
  expect(
    messagesOf([
      { role: 'system', content: 'A' },
      { role: 'developer', content: 'B' },
      { role: 'user', content: [image] },
    ]),
  ).toEqual([{ role: 'user', content: [{ type: 'text', text: 'A\n\nB\n\n' }, image] }])
})

test('without a turn of the user they are one', () => {
  expect(messagesOf([{ role: 'system', content: 'A' }])).toEqual([{ role: 'user', content: 'A' }])
  expect(
    messagesOf([
      { role: 'system', content: 'A' },
      { role: 'assistant', content: 'b' },
    ]),
  ).toEqual([
    { role: 'user', content: 'A' },
    { role: 'assistant', content: 'b' },
  ])
})

test('a call without a system is the same call', () => {
  const chat = { kind: 'chat', messages: [{ role: 'user', content: 'Hi' }] } as const
  const raw = { kind: 'completion', prompt: 'x' } as const
  expect(withoutSystemRole({ ...chat, messages: [...chat.messages] })).toEqual(chat)
  expect(withoutSystemRole(raw)).toBe(raw)
})
