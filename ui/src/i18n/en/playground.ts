/** The playground. */
export const playground = {};
