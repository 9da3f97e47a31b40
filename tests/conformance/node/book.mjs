// The structured answer that every client asks for.
import { z } from 'zod';

export const Book = z.object({ title: z.string(), year: z.int(), tags: z.array(z.string()) });

/** Whether `value` is one. */
export const isBook = (value) => Book.safeParse(value).success;

/** Its JSON schema, for clients that take one. */
export const BOOK_SCHEMA = z.toJSONSchema(Book);
