import type {Message} from '../message.ts';
import {chunks, trailerFields} from './chunks.ts';
import {connections, expectations, halfClosed} from './connections.ts';
import {fields} from './fields.ts';
import {codings, lengths, smuggling} from './framing.ts';
import {hosts} from './hosts.ts';
import {requestLines, targets} from './request-line.ts';
import {responses} from './responses.ts';
import {upgrades} from './upgrades.ts';

const groups: Readonly<Record<string, readonly Message[]>> = {
  'request line': requestLines,
  target: targets,
  Host: hosts,
  field: fields,
  length: lengths,
  coding: codings,
  smuggling,
  chunk: chunks,
  trailer: trailerFields,
  expectation: expectations,
  connection: connections,
  'half-closed': halfClosed,
  upgrade: upgrades,
  response: responses,
};

/** All messages, each with its group before its name. */
export const corpus: readonly Message[] = Object.entries(groups).flatMap(([group, messages]) =>
  messages.map((message) => ({...message, name: `${group}: ${message.name}`})),
);
