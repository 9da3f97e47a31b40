/** The fixed heights of the history's rows, in pixels; the virtual list counts with them. */
export const ROW_PX = 34;
export const TALL_ROW_PX = 56;
/** The headings above them; none where it is narrow. */
export const HEAD_PX = 28;
