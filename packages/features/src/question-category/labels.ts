/** What GitLab's telemetry knows; anything else it records as invalid. */
export const categories = [
  'Documentation about GitLab',
  'General documentation',
  'List something',
  'Status',
  'Summarize something',
  'Take an action in GitLab',
  'Explain something besides code',
  'Write, improve, or explain code',
  'Write or rewrite something (not code)',
  'Other',
] as const

export const labels = [
  'contains_rejection',
  'contains_rejection_previous_answer_incorrect',
  'contains_rejection_previous_answer_incomplete',
  'contains_rejection_previous_answer_unsatisfactory',
  'is_follow_up_question',
  'contains_clarification',
  'contains_intellectual_property',
  'contains_credentials',
  'contains_code',
  'contains_personal_information',
  'compares_two_things',
  'compares_more_than_two_things',
  'requests_answer_in_certain_form',
  'contains_request_to_format_the_answer',
  'is_related_to_gitlab',
  'is_related_to_gitlab_data',
  'is_related_to_devsecops',
  'is_poorly_formulated',
] as const
