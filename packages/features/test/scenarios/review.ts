import { parseReview, placeComment } from '../rails/review.ts'
import type { Scenario } from './scenario.ts'

const diffLines = `<file_diff filename="app/search.rb">
<chunk_header>@@ -10,4 +10,5 @@ def search</chunk_header>
<line type="context" old_line="10" new_line="10">  def search(q)</line>
<line type="deleted" old_line="11" new_line="">    User.where("name = '#{q}'")</line>
<line type="added" old_line="" new_line="11">    users = User.where(name: q)</line>
<line type="added" old_line="" new_line="12">    users.each { |u| log(u) }</line>
<line type="context" old_line="12" new_line="13">  end</line>
</file_diff>

<file_diff filename="README.md">
<line type="added" old_line="" new_line="1"># Search <fast></line>
<line type="added" old_line="" new_line="">\\ No newline at end of file</line>
</file_diff>`

const diff = new Map([
  [
    'app/search.rb',
    [
      { type: 'context', old: 10, new: 10, text: '  def search(q)' },
      { type: 'deleted', old: 11, new: null, text: `    User.where("name = '#{q}'")` },
      { type: 'added', old: null, new: 11, text: '    users = User.where(name: q)' },
      { type: 'added', old: null, new: 12, text: '    users.each { |u| log(u) }' },
      { type: 'context', old: 12, new: 13, text: '  end' },
    ],
  ],
  ['README.md', [{ type: 'added', old: null, new: 1, text: '# Search <fast>' }]],
])

const comment = (attributes: string, body: string) => `<comment ${attributes}>\n${body}\n</comment>`
const pair = (from: string, to: string) => `<from>\n${from}\n</from>\n<to>\n${to}\n</to>`
const limit = pair('    users = User.where(name: q)', '    users = User.where(name: q).limit(50)')
const first = comment('file="app/search.rb" old_line="" new_line="11"', `Loads every user. Add a \`limit\`.\n${limit}`)
const second = comment('file="README.md" old_line="" new_line="1"', 'Say what is fast.')
const good = `<review>\n${first}\n${second}\n</review>`

export const reviewScenario: Scenario = {
  promptId: 'review_merge_request',
  inputs: {
    mr_title: 'Use bound parameters',
    mr_description: null,
    diff_lines: diffLines,
    full_file_intro: '',
    full_content_section: '',
    custom_instructions_section: '<custom_instructions>Check logging</custom_instructions>',
  },
  shown: ['Use bound parameters', 'users.each { |u| log(u) }', 'Check logging'],
  good,
  sloppy: [
    good.replaceAll(/^(<\/?(?:comment|from|to))/gm, '  $1'),
    good.replaceAll('</comment>\n', '</comment>  \n'),
    good.replaceAll('</from>\n<to>', '</from>\n\n<to>'),
    good.replace('</review>', ''),
    good.replaceAll(/<\/?review>\n?/g, ''),
    `<review>${first}${second}</review>`,
    good.replaceAll('"', "'").replace("'", "'"),
    good.replace('file="app/search.rb"', 'file="b/app/search.rb"').replace('README.md', './README.md'),
    good.replace('old_line="" new_line="11"', 'old_line="11" new_line="11"'),
    good.replace('old_line="" new_line="11"', 'new_line="11" file="x" old_line="" ').replace('file="x" ', ''),
    good.replace('new_line="11"', 'new_line="10"'),
    good.replace('new_line="11"', 'new_line="200"'),
    good.replace('old_line="" new_line="1"', 'old_line="1" new_line=""'),
    good.replace(limit, pair('users = User.where(name: q)', 'users = User.where(name: q).limit(50)')),
    good.replace(limit, pair('+    users = User.where(name: q)', '+    users = User.where(name: q).limit(50)')),
    good.replace(
      limit,
      pair('```ruby\n    users = User.where(name: q)\n```', '```ruby\n    users = User.where(name: q).limit(50)\n```'),
    ),
    `<review>\n${comment('file="other.rb" old_line="" new_line="1"', 'No such file.')}\n${first}\n${second}\n</review>`,
    `<review>\n${first}\n${second}\n${comment('file="README.md" old_line="" new_line="77"', 'No such line.')}\n</review>`,
    `<review>\n${first}\n${second}\n${comment('file="README.md" old_line="" new_line="1"', '  ')}\n</review>`,
    `<review>\n<comment file="x" new_line="1">\ndraft\n</comment>\n</review>\n${good}`,
  ],
  read: (answer) => {
    const comments = parseReview(answer)
    const problems = comments.map((each) => placeComment(each, diff)).filter((outcome) => outcome !== 'posted')
    if (problems.length > 0) throw new Error(`${problems.join('; ')}: ${answer}`)
    const block = answer.slice(answer.lastIndexOf('<review>'))
    const tags = block.match(/<comment\b/g) ?? []
    if (tags.length !== comments.length) throw new Error(`${tags.length} tags, ${comments.length} comments: ${answer}`)
    return comments.map(({ file, body, suggestions }) => ({ file, body, suggestions }))
  },
  isNone: (reading) => Array.isArray(reading),
}
