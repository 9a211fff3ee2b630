/** What a report draws random numbers for: the key of each stream beside the seed. */
export const purpose = { sample: 0, held: 1, map: 2, start: 3 } as const;
