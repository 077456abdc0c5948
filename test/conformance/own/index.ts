import type { Fixture } from '../load-fixture.ts'
import { chats } from './chat.ts'
import { completions } from './completions.ts'
import { promptRequests } from './prompt-requests.ts'
import { prompts } from './prompts.ts'
import { services } from './services.ts'
import { suggestions } from './suggestions.ts'
import { transport } from './transport.ts'

/** Fixtures of the contract's form that we add to its own. */
export const ownFixtures: readonly Fixture[] = [
  ...transport,
  ...completions,
  ...suggestions,
  ...prompts,
  ...promptRequests,
  ...chats,
  ...services,
]
