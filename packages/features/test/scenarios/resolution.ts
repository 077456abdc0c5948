import { parseResolution } from '../rails/resolution.ts'
import type { Scenario } from './scenario.ts'

const file = `import os

def run(name):
    path = "/srv/" + name
    os.system("cat " + path)
    return path
`

const old = '    path = "/srv/" + name\n    os.system("cat " + path)'
const replacement = '    path = "/srv/" + name\n    subprocess.run(["cat", path], check=True)'
const pair = `<old_code>\n${old}\n</old_code>\n<new_code>\n${replacement}\n</new_code>`
const good = `<analysis>
User input reaches a shell.
</analysis>
<summary>
Runs the command without a shell.
</summary>
<is_false_positive>
false
</is_false_positive>
<fixed_code>
${pair}
</fixed_code>`

export const resolutionScenario: Scenario = {
  promptId: 'resolve_vulnerability',
  inputs: {
    name: 'Command injection',
    filename: 'run.py',
    identifiers: '<report_identifiers>\n- CWE-78\n</report_identifiers>',
    vulnerable_code: 'os.system("cat " + path)',
    source_code: file,
    vulnerability_description: null,
  },
  shown: ['Command injection', 'CWE-78', 'def run(name):'],
  good,
  sloppy: [
    good.replaceAll(/<(analysis|summary|is_false_positive|fixed_code)>\n/g, '<$1>'),
    good.replaceAll(/\n<\/(old_code|new_code)>/g, '</$1>'),
    good.replace('</fixed_code>', ''),
    good.replaceAll(/<\/?fixed_code>\n?/g, ''),
    good.replace(old, old.replaceAll(/^ {4}/gm, '')).replace(replacement, replacement.replaceAll(/^ {4}/gm, '')),
    good.replace(old, `\`\`\`python\n${old}\n\`\`\``).replace(replacement, `\`\`\`python\n${replacement}\n\`\`\``),
    good.replace(old, old.replaceAll('    ', '\t')).replace(replacement, replacement.replaceAll('    ', '\t')),
    good.replace('false', ' FALSE, it is real'),
    good.replace(pair, `${pair}\n<old_code>\nnot in the file\n</old_code>\n<new_code>\nx\n</new_code>`),
    good.replace('User input', 'The <fixed_code>\n below: user input'),
    `First a draft: <fixed_code>\n<old_code>\nx\n</old_code>\n</fixed_code>\n${good}`,
  ],
  read: (answer) => {
    const reading = parseResolution(answer, file)
    if (reading.kind === 'fixed' && !reading.changed) throw new Error(`a change that changes nothing: ${answer}`)
    return reading
  },
  isNone: (reading) => (reading as { kind: string }).kind === 'unreadable',
}
