import { describe, expect, test } from 'vitest'
import { gitCommands } from './git-commands.ts'
import { parseDocumentation } from './documentation.ts'
import { parseLocator } from './locator.ts'
import { parseResolution } from './resolution.ts'
import { parseReview } from './review.ts'

/* The vectors of contract features §6: what GitLab makes of these texts, before anything is repaired. */

describe('code review (§6.1)', () => {
  const r1 = `note <review>x</review>
<review>
<comment file="a.rb" old_line="" new_line="3">
Bug
<from>
  a
</from>
<to>
  b
</to>
</comment>
</review>`
  const within = (inner: string) =>
    `<review>\n<comment file="a.rb" old_line="" new_line="3">\n${inner}\n</comment>\n</review>`
  const first = (text: string) => parseReview(text)[0]

  test('R1: the last block, with a suggestion of one line', () => {
    expect(parseReview(r1)).toEqual([
      {
        file: 'a.rb',
        oldLine: null,
        newLine: 3,
        body: 'Bug',
        suggestions: [{ from: ['  a'], to: ['  b'], offset: 0 }],
        rawTags: false,
      },
    ])
  })

  test('R2: a body behind the tag is one too', () => {
    const two = within('A').replace('</review>', '<comment file="a.rb" old_line="" new_line="4">B</comment>\n</review>')
    expect(parseReview(two).map(({ body }) => body)).toEqual(['A', 'B'])
  })

  test.each([
    ['R3', r1.replace('<comment', '  <comment')],
    ['R4', '<review><comment file="a.rb" old_line="" new_line="3">Bug</comment></review>'],
    ['R6', r1.replace('a.rb', 'a>b.rb')],
    ['R12', 'All fine.'],
    ['R13', r1.replace('new_line="3"', 'new_line=""')],
    ['R16', r1.replaceAll('\n', '\r\n')],
  ])('%s: no comment', (_name, text) => expect(parseReview(text)).toEqual([]))

  test('R5: a blank behind a closing tag merges two comments', () => {
    const merged = within('A').replace(
      '</comment>\n',
      '</comment> \n<comment file="a.rb" old_line="" new_line="4">\nB\n</comment>\n',
    )
    expect(parseReview(merged)).toHaveLength(1)
    expect(first(merged)?.body).toContain('<comment')
  })

  test.each([
    ['R7', '  <from>\na\n  </from>\n  <to>\nb\n  </to>'],
    ['R8', '<from>\na\n</from>\n\n<to>\nb\n</to>'],
  ])('%s: raw tags are shown', (_name, inner) => {
    expect(first(within(`Bug\n${inner}`))).toMatchObject({ rawTags: true, suggestions: [] })
  })

  test('R9: the form of one line', () => {
    expect(first(within('<from>a</from>\n<to>b</to>\ntail'))).toMatchObject({
      body: 'tail',
      suggestions: [{ to: ['b'] }],
    })
  })

  test('R10: nothing changed is no suggestion', () => {
    expect(first(within('Bug\n<from>\na\n</from>\n<to>\na\n</to>'))).toMatchObject({ body: 'Bug', suggestions: [] })
  })

  test('R11: a deletion covers its lines', () => {
    expect(first(within('Bug\n<from>\na\nb\n</from>\n<to>\n</to>'))?.suggestions).toEqual([
      { from: ['a', 'b'], to: [], offset: 1 },
    ])
  })

  test('R14: indented closing tags cover two lines too many', () => {
    const text = r1.replace('</from>', '  </from>').replace('</to>', '  </to>')
    expect(first(text)?.suggestions).toMatchObject([{ from: ['', '  a', '  '], offset: 2 }])
  })

  test('R15: a bare tag behind the pair cuts the rest off', () => {
    const text = within('Bug\n<from>\na\n</from>\n<to>\nb\n</to>\nsee `<from>` there')
    expect(first(text)).toMatchObject({ body: 'Bug\n\nsee `', suggestions: [{ to: ['b'] }] })
  })
})

describe('vulnerability resolution (§6.2)', () => {
  const file = 'a = 1\nexec(cmd)\nb = 2\nexec(cmd)'
  const pair = '<old_code>\nexec(cmd)\n</old_code>\n<new_code>\nrun(cmd)\n</new_code>'
  const fixed = `<fixed_code>\n${pair}\n</fixed_code>`
  test.each([
    [
      'V1',
      `${fixed}\n<is_false_positive>\nfalse\n</is_false_positive>`,
      { kind: 'fixed', file: 'a = 1\nrun(cmd)\nb = 2\nrun(cmd)', changed: true },
    ],
    ['V2', fixed.replace('<fixed_code>\n', '<fixed_code>'), { kind: 'false positive' }],
    ['V3', '<fixed_code>\nrun(cmd)\n</fixed_code>', { kind: 'unreadable' }],
    ['V4', '<fixed_code>\n<old_code>\nexec(cmd)\n</old_code>\n</fixed_code>', { kind: 'unreadable' }],
    ['V5', `${fixed}\n<is_false_positive>\n True \n</is_false_positive>`, { kind: 'false positive' }],
    ['V6', fixed.replace('exec', 'eval'), { kind: 'fixed', file, changed: false }],
    ['V7', `${fixed}\n<is_false_positive>true</is_false_positive>`, { kind: 'fixed', changed: true }],
    [
      'V8',
      `<fixed_code>\n<old_code>\nexec(cmd)\n</old_code>\n<new_code></new_code>\n</fixed_code>`,
      { kind: 'fixed', file: 'a = 1\n\nb = 2\n' },
    ],
  ])('%s', (_name, text, result) => expect(parseResolution(text, file)).toMatchObject(result))

  test('a backslash in new code is one for Ruby too', () => {
    expect(parseResolution(fixed.replace('run(cmd)', 'a\\\\b \\n \\0'), 'exec(cmd)')).toMatchObject({
      file: 'a\\b \\n exec(cmd)',
    })
  })
})

describe('reader JSON (§6.3)', () => {
  const types = ['current', 'iid', 'url', 'reference']
  const j1 = '{"ResourceIdentifierType":"iid","ResourceIdentifier":12}'
  const j3 = 'iid", "ResourceIdentifier": 12 }'
  test.each([
    ['J1', j1],
    ['J2', `Here:\n\`\`\`json\n${j1}\n\`\`\`\nDone.`],
    ['J3', j3],
    ['J4', `${j3}\`\`\` \nQuestion: more`],
    ['J8', `\n${j1}\n\`\`\`\nDone.`],
  ])('%s: read', (_name, text) => {
    expect(parseLocator(text, types)).toEqual({ kind: 'locator', type: 'iid', id: 12 })
  })
  test.each([
    ['J5', `Sure: ${j1}`],
    ['J6', `\`\`\`\n${j1}\n\`\`\``],
    ['J7', `${j1}\nDone.`],
  ])('%s: asked again', (_name, text) => expect(parseLocator(text, types)).toEqual({ kind: 'retry' }))
  test('J9: the end of the question', () => {
    expect(parseLocator(j1, ['current', 'url'])).toEqual({ kind: 'M4001' })
  })
})

describe('documentation answer (§6.4)', () => {
  test.each([
    ['D1', 'Open Settings.\n\nATTRS:\nCNT-IDX-7f0a', 'Open Settings.', ['7f0a']],
    ['D2', 'Open Settings.', 'Open Settings.', []],
    ['D3', 'I do not know.\nATTRS: CNT-IDX-1', 'I do not know.', []],
    ['D4', 'A ATTRS: CNT-IDX-ab12 CNT-IDX-9 ATTRS: CNT-IDX-ff', 'A', ['ab12', '9']],
    ['D5', 'X\nATTRS: CNT-IDX-user/index.md', 'X', ['user']],
    ['D6', 'X\nATTRS: CNT-IDX-AB1', 'X', []],
    ['D8', 'ATTRS: CNT-IDX-1', '', ['1']],
  ])('%s', (_name, text, shown, ids) => expect(parseDocumentation(text)).toEqual({ shown, ids }))
  test('D7: a heading alone is an error', () => expect(() => parseDocumentation('ATTRS:')).toThrow(/nil/))
})

describe('glab (§6.5)', () => {
  test.each([
    ['G1', '```\ngit log -3\n```\nShows three.', ['git log -3']],
    ['G2', '```bash\ngit log -3\n```', []],
    ['G3', '```git add .``` and ```git commit```', ['git add .', 'git commit']],
    ['G4', '```\nls\n```', []],
  ])('%s', (_name, text, commands) => expect(gitCommands(text)).toEqual(commands))
})
