import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, sep } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { DocsIndexError, indexFormat, layout } from './layout.ts'
import { sectionsOf } from './sections.ts'

export interface BuildOptions {
  /** Folder of Markdown; read with its folders. */
  readonly dir: string
  /** The index file; written beside and then renamed, so that readers never see half of it. */
  readonly file: string
  /** Where answers link to. `instance`: a GitLab whose own help pages are linked; absent: docs.gitlab.com. */
  readonly instance?: string
  /** Release that the documentation is of, for people. */
  readonly release?: string
}

export interface BuiltIndex {
  readonly pages: number
  readonly sections: number
  readonly bytes: number
}

/** Far above any page of GitLab's; keeps a wrong folder from filling the memory. */
const pageBytesMax = 4 * 1024 * 1024

/** Builds an index anew. Throws DocsIndexError when the folder cannot be read or holds no documentation. */
export async function buildDocsIndex(options: BuildOptions): Promise<BuiltIndex> {
  const files = await markdownFiles(options.dir)
  if (files.length === 0) throw new DocsIndexError(`${options.dir} holds no Markdown file (*.md)`)
  const partial = `${options.file}.partial`
  try {
    await mkdir(dirname(options.file), { recursive: true })
    await rm(partial, { force: true })
    const { pages, sections } = await fill(partial, files, options)
    if (sections === 0) throw new DocsIndexError(`${options.dir} holds no documentation: its Markdown files are empty`)
    const { size } = await stat(partial)
    await rename(partial, options.file)
    return { pages, sections, bytes: size }
  } catch (cause) {
    await rm(partial, { force: true })
    if (cause instanceof DocsIndexError) throw cause
    throw new DocsIndexError(`${options.file} cannot be written: ${(cause as Error).message}`, { cause })
  }
}

async function fill(file: string, files: readonly string[], options: BuildOptions) {
  const database = new DatabaseSync(file)
  try {
    database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;')
    database.exec(layout)
    database.exec('BEGIN')
    const about = database.prepare('INSERT INTO about VALUES (?, ?)')
    about.run('format', String(indexFormat))
    about.run('release', options.release ?? '')
    const add = database.prepare('INSERT INTO sections VALUES (?, ?, ?, ?, ?, ?)')
    const counted = { pages: 0, sections: 0 }
    for (const path of files) {
      const filename = relative(options.dir, path).split(sep).join('/')
      const sections = sectionsOf(await readPage(path), basename(filename, '.md'))
      if (sections.length > 0) counted.pages += 1
      for (const [index, { title, heading, anchor, content }] of sections.entries()) {
        const url = linkOf(filename, anchor, options.instance)
        add.run(title, heading, content, idOf(`${filename}\n${index}`), filename, url)
        counted.sections += 1
      }
    }
    database.exec("INSERT INTO sections(sections) VALUES ('optimize'); COMMIT;")
    return counted
  } finally {
    database.close()
  }
}

/** Every `*.md` below a folder, in the order of their paths. Links and hidden entries are not followed. */
async function markdownFiles(dir: string): Promise<string[]> {
  try {
    const entries = await readdir(dir, { recursive: true, withFileTypes: true })
    return entries
      .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
      .map((entry) => join(entry.parentPath, entry.name))
      .filter(
        (path) =>
          !relative(dir, path)
            .split(sep)
            .some((part) => part.startsWith('.')),
      )
      .sort()
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') throw new DocsIndexError(`there is no folder ${dir}`, { cause })
    if (code === 'ENOTDIR')
      throw new DocsIndexError(`${dir} is a file: name the folder of the documentation`, { cause })
    throw new DocsIndexError(`${dir} cannot be read: ${message}`, { cause })
  }
}

async function readPage(path: string): Promise<string> {
  const { size } = await stat(path)
  if (size > pageBytesMax) throw new DocsIndexError(`${path} is larger than ${pageBytesMax} bytes: no documentation`)
  return readFile(path, 'utf8')
}

/** GitLab resolves sources by `[0-9a-z]+`. */
const idOf = (place: string): string => createHash('sha256').update(place).digest('hex').slice(0, 16)

function linkOf(filename: string, anchor: string, instance: string | undefined): string {
  const fragment = anchor === '' ? '' : `#${encodeURIComponent(anchor)}`
  const path = filename.split('/').map(encodeURIComponent).join('/')
  if (instance !== undefined) return `${instance.replace(/\/+$/, '')}/help/${path}${fragment}`
  const page = path.replace(/(^|\/)_?index\.md$/, '$1').replace(/\.md$/, '/')
  return `https://docs.gitlab.com/${page}${fragment}`
}
