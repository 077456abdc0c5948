import { z } from 'zod'
import { inTurn } from '../answer/text-stream.ts'
import { unwrapMarkdown } from '../answer/unwrap-markdown.ts'
import { text } from '../prompt/fields.ts'
import { promptDefaults, promptFeature } from '../prompt/prompt-feature.ts'
import { citedSources } from './answer.ts'
import { variants } from './prompt.ts'

const Document = z.object({ id: z.coerce.string(), content: text(), metadata: z.unknown().optional() })

const Inputs = z.object({
  question: text(),
  /** The heading of the list of sources. */
  content_id: z.preprocess((id) => (id == null || id === '' ? 'ATTRS' : id), z.string().max(64)),
  documents: z.preprocess((documents) => documents ?? [], z.array(Document)),
})

/** The answer to a question about GitLab, from the documents that a search found, with its sources. */
export const documentationAnswer = promptFeature({
  name: 'documentation-answer',
  title: 'Chat tool: documentation search',
  promptId: 'chat/documentation_search',
  unitPrimitives: ['documentation_search'],
  setting: 'duo_chat',
  promised: 'GA 17.9',
  defaults: promptDefaults.chat,
  inputs: Inputs,
  texts: ({ question, content_id, documents }) => ({
    question,
    content_id,
    documents: documents.map(({ id, content }) => `<document>\nCNT-IDX-${id}\n${content}\n</document>`).join('\n'),
  }),
  variants,
  // The search puts the best first.
  shrink: [{ slot: 'documents', keep: 'start' }],
  answer: ({ content_id, documents }) =>
    inTurn(
      unwrapMarkdown(),
      citedSources(
        content_id,
        documents.map(({ id }) => id),
      ),
    ),
})
