export interface Bar {
  readonly label: string
  /** Null: nothing was measured. */
  readonly value: number | null
}

export interface BarChart {
  readonly title: string
  readonly unit: string
  readonly groups: readonly { readonly label: string; readonly bars: readonly Bar[] }[]
}

const sizes = { width: 860, left: 230, right: 90, top: 44, bar: 16, gap: 5, group: 30 } as const
const ours = '#1f6feb'
const others = '#8b949e'
const policy = '#c9d1d9'

/** Bars side by side as an SVG that reads on light and dark pages. */
export const barChart = ({ title, unit, groups }: BarChart): string => {
  const largest = Math.max(0, ...groups.flatMap(({ bars }) => bars.map(({ value }) => value ?? 0)))
  const scale = (sizes.width - sizes.left - sizes.right) / (largest || 1)
  const parts: string[] = []
  let y: number = sizes.top
  for (const { label, bars } of groups) {
    parts.push(text(12, y + 14, label, 'font-weight="600"'))
    y += sizes.group - 6
    for (const bar of bars) {
      const length = Math.max(1, (bar.value ?? 0) * scale)
      const color = bar.label === 'penstock' ? ours : bar.label.startsWith('policy ') ? policy : others
      parts.push(text(sizes.left - 8, y + 12, bar.label, 'text-anchor="end"'))
      if (bar.value !== null)
        parts.push(
          `<rect x="${sizes.left}" y="${y}" width="${length.toFixed(1)}" height="${sizes.bar}" fill="${color}"/>`,
        )
      const said = bar.value === null ? 'not measured' : String(bar.value)
      parts.push(text(sizes.left + (bar.value === null ? 0 : length) + 6, y + 12, said))
      y += sizes.bar + sizes.gap
    }
    y += sizes.group - sizes.gap - 12
  }
  const box = `width="${sizes.width}" height="${y}" viewBox="0 0 ${sizes.width} ${y}"`
  const style = 'text{font:12px system-ui,sans-serif;fill:#57606a}'
  return `<svg xmlns="http://www.w3.org/2000/svg" ${box} role="img"><title>${escaped(title)}</title><style>${style}</style>
${text(12, 24, `${title} (${unit})`, 'font-size="15" font-weight="600"')}
${parts.join('\n')}
</svg>
`
}

const text = (x: number, y: number, content: string, attributes = ''): string =>
  `<text x="${x.toFixed(1)}" y="${y}" ${attributes}>${escaped(content)}</text>`

const escaped = (content: string): string =>
  content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
