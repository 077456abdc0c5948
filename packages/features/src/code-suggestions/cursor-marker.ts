/** Stands for the cursor in prompts that show both sides in one piece; taken out of every answer. */
export const cursorMarker = '<|cursor|>'

/** What a model is asked to reply when it cannot help; GitLab's word for it, and a stop string. */
export const unableMarker = 'UNABLE_TO_GENERATE'
