import type { VerifyProblem, VerifyReport } from '@penstock/audit-chain'

const problemsShown = 10

/** A verification for people: the verdict, what was found wrong or counted, and how much it proves. */
export const describeVerification = (dir: string, report: VerifyReport): string =>
  [
    ...(report.ok ? [`${dir}: complete and unaltered`] : [`${dir}: NOT intact`, ...describeProblems(report)]),
    ...describeContents(report),
  ].join('\n')

const describeProblems = ({ problems, problemsLeftOut }: VerifyReport): string[] => {
  const first = problems.find(({ seq }) => seq !== undefined)
  const rest = problems.length + problemsLeftOut - Math.min(problems.length, problemsShown)
  return [
    ...(first === undefined
      ? []
      : [`  first bad record: seq ${first.seq} of writer ${first.writerId}, ${first.file}:${first.line}`]),
    ...problems.slice(0, problemsShown).map(describeProblem),
    ...(rest > 0 ? [`  … and ${rest} more`] : []),
  ]
}

const describeProblem = ({ file, line, seq, kind, message }: VerifyProblem): string =>
  `  ${file}:${line}${seq === undefined ? '' : ` seq ${seq}`} ${kind}: ${message}`

const describeContents = ({ writers, requests, keySource }: VerifyReport): string[] => {
  const sum = (of: (writer: VerifyReport['writers'][number]) => number): number =>
    writers.reduce((total, writer) => total + of(writer), 0)
  const ends = {
    completed: requests.completed,
    failed: requests.failed,
    'client gone': requests.clientGone,
    cancelled: requests.cancelled,
    'cut by a crash': requests.unknownCrash,
    open: requests.open,
    'without end': requests.missingTerminal,
  }
  const counted = Object.entries(ends).filter(([, count]) => count > 0)
  return [
    `  writers   ${writers.length}, ${sum(({ records }) => records)} records, ${sum(({ signedRecords }) => signedRecords)} of them signed for`,
    `  requests  ${requests.accepted} accepted${counted.length === 0 ? '' : `: ${counted.map(([end, count]) => `${count} ${end}`).join(', ')}`}; ${requests.refused} refused`,
    keySource === 'given'
      ? '  key       yours'
      : '  key       found in the archive: whoever could write there could have signed anew; --key names yours',
  ]
}
