/*
 * Unit primitives that GitLab's catalogue knows (contract http §5, §9, §10.2 and features §1). Those of code suggestions and of the
 * gateway's own endpoints have endpoints of their own and are no purpose for a proxy.
 */

/** May be the purpose of a call to a model provider. */
const proxied = [
  'ai_gateway_model_provider_proxy',
  'categorize_question',
  'description_composer',
  'documentation_search',
  'duo_agent_platform',
  'duo_chat',
  'duo_classic_chat',
  'duo_workflow_execute_workflow',
  'explain_code',
  'explain_vulnerability',
  'fix_code',
  'generate_commit_message',
  'generate_embeddings_codebase',
  'generate_issue_description',
  'glab_ask_git_command',
  'measure_comment_temperature',
  'refactor_code',
  'resolve_vulnerability',
  'review_merge_request',
  'semantic_search_issue',
  'summarize_comments',
  'summarize_issue_discussions',
  'summarize_merge_request',
  'summarize_new_merge_request',
  'summarize_review',
  'troubleshoot_job',
  'write_tests',
]

const otherwise = [
  'amazon_q_integration',
  'ask_build',
  'ask_commit',
  'ask_epic',
  'ask_issue',
  'ask_merge_request',
  'ask_work_item',
  'chat',
  'code_suggestions',
  'complete_code',
  'feature_discovery_search',
  'generate_code',
  'include_agent_user_environment_context',
  'include_dependency_context',
  'include_directory_context',
  'include_file_context',
  'include_issue_context',
  'include_local_git_context',
  'include_merge_request_context',
  'include_os_information_context',
  'include_repository_context',
  'include_snippet_context',
  'include_terminal_context',
  'include_user_rule_context',
  'self_hosted_models',
]

const proxiedSet: ReadonlySet<string> = new Set(proxied)
const knownSet: ReadonlySet<string> = new Set([...proxied, ...otherwise])

export const isKnownPrimitive = (name: string): boolean => knownSet.has(name)

export const isProxiedPrimitive = (name: string): boolean => proxiedSet.has(name)
