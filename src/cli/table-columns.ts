import type { Column } from '../statements/text-table.ts';

export const left = (title: string): Column => ({ title, align: 'left' });
export const right = (title: string): Column => ({ title, align: 'right' });
export const decimal = (title: string): Column => ({ title, align: 'decimal' });
