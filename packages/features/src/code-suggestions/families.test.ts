import { familyNames, textOf, toWire, traitsOf } from '@penstock/models'
import type { Family } from '@penstock/models'
import { describe, expect, test } from 'vitest'
import { codeCompletion } from '../code-completion/feature.ts'
import { parseCodeCompletion } from '../code-completion/request.ts'
import { codeGeneration } from '../code-generation/feature.ts'
import { cleanAnswer } from './answer.ts'
import { parseSuggestion } from './request.ts'
import { suggestionStream } from './suggestion-stream.ts'

/**
 * From GitLab's request over the prompt of every family to an answer that an editor can insert: a strict reading of contract
 * features §2.8, for backends that answer well, sloppily and badly.
 */
const families = familyNames.filter((name) => traitsOf(name).generatesText)

const above = 'import csv\n\n\ndef mean(values):\n    """Arithmetic mean of a list."""\n    total = '
const below = '\n\n\nif __name__ == "__main__":\n    main()\n'
const code = 'sum(values)\n    return total / len(values)'

const wrappings: Record<string, (answer: string) => string> = {
  'as asked': (answer) => answer,
  'in a fence': (answer) => `\`\`\`python\n${answer}\n\`\`\``,
  'in a fence without a language': (answer) => `\`\`\`\n${answer}\n\`\`\`\n`,
  'in a fence that never closes': (answer) => `\`\`\`py\n${answer}`,
  'in a fence between talk': (answer) =>
    `Sure! Here is the code:\n\n\`\`\`python\n${answer}\n\`\`\`\n\nThis code computes the mean of the values.`,
  'behind two lines of talk': (answer) =>
    `I will complete the function for you.\nHere it is:\n\`\`\`python\n${answer}\n\`\`\``,
  'with a lone closing fence': (answer) => `${answer}\n\`\`\``,
  'followed by an explanation': (answer) => `${answer}\n\nThis function returns the mean of the list.`,
  'followed by a closing fence and a note': (answer) =>
    `${answer}\n\`\`\`\nNote that an empty list has no mean at all.`,
  'behind its thoughts': (answer) => `<think>\nThe user wants a mean.\n</think>\n\n${answer}`,
  'in a tag': (answer) => `<new_code>${answer}</new_code>`,
  'with the cursor in it': (answer) => `${answer}<|cursor|>`,
  'with the line before the cursor again': (answer) => `    total = ${answer}`,
  'with all before the cursor again': (answer) => `${above}${answer}`,
  'with what follows the cursor again': (answer) => `${answer}${below.trimEnd()}`,
  'in CRLF and a fence': (answer) => `\`\`\`python\r\n${answer.replaceAll('\n', '\r\n')}\r\n\`\`\`\r\n`,
}

const useless: Record<string, string> = {
  nothing: '',
  blanks: ' \n\t\n',
  'a sentinel': 'UNABLE_TO_GENERATE',
  'an apology': "I'm sorry, but I cannot help with that request.",
  'a refusal': 'As an AI language model, I cannot write this code.',
  'thoughts that never end': '<think>The user wants',
  'an empty fence': '```python\n```',
  'a word for nothing': '(no completion)',
  'what follows already': below.trimStart(),
}

/** What an editor must never be given. */
const forbidden =
  /```|<\/?think>|<\/?new_code>|<\|cursor\|>|UNABLE_TO_GENERATE|\[(?:PREFIX|SUFFIX|MIDDLE|INST)\]|<(?:PRE|SUF|MID|EOT)>|<\|fim_|<｜fim|\b(?:Sure!|Here is|Here it is|This code|This function|Note that|I'm sorry|As an AI)\b/

function streamed(answer: string, family: Family, eager: boolean): string {
  const stream = suggestionStream({ family, prefix: above, suffix: below, fileName: 'stats.py' }, { eager })
  const pieces = answer.match(/[\s\S]{1,3}/g) ?? []
  return pieces.map((piece) => stream.push(piece)).join('') + stream.end()
}

describe.each(families)('%s', (family) => {
  const context = { family, prefix: above, suffix: below, fileName: 'stats.py' }

  test.each(Object.entries(wrappings))('code %s is the code', (_how, wrap) => {
    const answer = wrap(code)
    const suggestion = cleanAnswer(answer, context).replaceAll('\r\n', '\n')
    expect(suggestion).toBe(code)
    expect(suggestion).not.toMatch(forbidden)
    expect(streamed(answer, family, false).replaceAll('\r\n', '\n')).toBe(code)
    expect(streamed(answer, family, true).replaceAll('\r\n', '\n')).toBe(code)
  })

  test.each(Object.entries(useless))('%s is no suggestion', (_what, answer) => {
    expect(cleanAnswer(answer, context)).toBe('')
    expect(streamed(answer, family, false)).toBe('')
    expect(streamed(answer, family, true)).toBe('')
  })

  test('the completion prompt holds both sides of the cursor, and never the word None for an empty one', () => {
    const file = { file_name: 'stats.py', language_identifier: 'python', content_above_cursor: above }
    for (const content_below_cursor of [below, '']) {
      const parsed = parseCodeCompletion({ prompt_version: 2, current_file: { ...file, content_below_cursor } })
      if (!parsed.ok) throw new Error('refused')
      const call = codeCompletion.render(parsed.request.input, { family, contextTokens: 8000, servedName: 'm' })
      const { path, body } = toWire(call as NonNullable<typeof call>, { servedName: 'm', profile: 'v0.24' })
      const prompt = (body.messages as { content: string }[]).map(({ content }) => content).join('\n')
      expect(path).toBe('/chat/completions')
      expect(prompt).toContain(above)
      expect(prompt).toContain(content_below_cursor)
      expect(prompt).not.toContain('None')
    }
  })

  test('the generation prompt holds the instruction, both sides of the cursor and what GitLab adds', () => {
    const parsed = parseSuggestion(
      {
        prompt_components: [
          {
            type: 'code_editor_generation',
            payload: {
              file_name: 'stats.py',
              content_above_cursor: above,
              content_below_cursor: below,
              language_identifier: 'Python',
              prompt_id: 'code_suggestions/generations',
              prompt_enhancer: {
                examples_array: [{ example: '# add\n{{cursor}}', response: '<new_code>def add(): pass' }],
                related_files: ['<file_content file_name="a.py">x = 1</file_content>'],
                libraries: ['pandas'],
                user_instruction: 'Return the harmonic mean instead.',
              },
            },
          },
        ],
      },
      { useContext: false },
    )
    if (!parsed.ok || parsed.request.kind !== 'generation') throw new Error('refused')
    const call = codeGeneration.render(parsed.request.input, { family, contextTokens: 8000, servedName: 'm' })
    const { body } = toWire(call as NonNullable<typeof call>, { servedName: 'm', profile: 'v0.24' })
    const prompt = (body.messages as { content: string }[]).map(({ content }) => content).join('\n')
    for (const text of ['Return the harmonic mean instead.', `${above}<|cursor|>${below}`, 'pandas', 'x = 1', 'Python'])
      expect(prompt).toContain(text)
    expect(prompt).not.toMatch(/\{\{cursor\}\}|<new_code>/)
  })

  test('prompt and output fit the window, whatever the size of the file', () => {
    const contextTokens = Math.min(traitsOf(family).contextTokens, 8000)
    const model = { family, contextTokens, servedName: 'm' }
    const huge = 'x = "línea"\n'.repeat(20_000)
    const completion = codeCompletion.render(
      { prefix: huge, suffix: huge, fileName: 'a.py', language: 'python', context: [huge], project: null, raw: false },
      model,
    )
    const generation = codeGeneration.render(
      {
        above: huge,
        below: huge,
        fileName: 'a.py',
        language: 'Python',
        instruction: huge,
        examples: [{ example: huge, response: huge }],
        related: [huge],
        libraries: [huge],
        messages: null,
        project: null,
        raw: false,
      },
      model,
    )
    for (const call of [completion, generation]) {
      if (call?.kind !== 'chat') throw new Error('expected a chat')
      const bytes = call.messages.reduce((sum, message) => sum + Buffer.byteLength(textOf(message)), 0)
      const output = Math.min(call.maxTokens ?? 0, contextTokens / 2)
      // Three bytes a token is on the high side for code.
      expect(bytes / 3 + output).toBeLessThanOrEqual(contextTokens)
    }
  })
})
