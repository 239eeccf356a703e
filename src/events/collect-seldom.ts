import v8 from 'node:v8';

/** How much garbage there may be, in percent of what lives, before the old generation is collected. */
const GROWTH_PERCENT = 800;

/**
 * For processes that take in events: most of their memory are buffers that are used again and again, and V8 would look for garbage
 * among the few objects beside them many times a second, which costs a seventh of what they compute.
 */
export function collectSeldom(): void {
  v8.setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}
