/**
 * Items as DynamoDB has them: attributes that carry their type. Numbers are text on the way, exact up to 38 digits.
 */
import type { AttributeValue, TransactWriteItem } from '@aws-sdk/client-dynamodb';

import type { ItemKey } from './keys.ts';

export type Item = Record<string, AttributeValue>;
/** One action of a transaction. */
export type Write = TransactWriteItem;

export const text = (value: string): AttributeValue => ({ S: value });
export const number = (value: number): AttributeValue => ({ N: String(value) });
export const keyItem = ({ pk, sk }: ItemKey): Item => ({ pk: text(pk), sk: text(sk) });

export const textAt = (item: Item, name: string): string | undefined => item[name]?.S;
/** 0 when there is none. */
export const numberAt = (item: Item, name: string): number => Number(item[name]?.N ?? 0);
/** Of an item that was read: it has both. */
export const keyOf = (item: Item): ItemKey => ({ pk: item['pk']?.S as string, sk: item['sk']?.S as string });
