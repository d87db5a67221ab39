import { describe, expect, it } from '@jest/globals';
import { actAsked, severalMeant } from './asked.ts';
import { emptyContext, withInstruction, withResult } from './context.ts';
import { provenanceOf } from './provenance.ts';

const told = (text: string) => withInstruction(emptyContext, text);
const list = { name: 'chat.get_channels', snapshot: { resultTrust: 'third_party', resultFields: {} } } as never;

describe('what an instruction asks for', () => {
  const calendar = { acts: undefined, verbs: ['add', 'creat'], objects: ['calendar', 'event'] };

  it.each<[string, boolean]>([
    ['Add it to my calendar.', true],
    ['Please create an event on Monday', true],
    ['Add up what I spent. What is on my calendar?', false],
    ['Tell me about the event', false],
  ])('%s', (text, asked) => expect(actAsked(calendar, told(text))).toBe(asked));

  it('needs no object for a word that alone asks for it', () => {
    expect(actAsked({ acts: ['reschedul'], verbs: ['move'], objects: ['event'] }, told('Please reschedule the dentist'))).toBe(true);
    expect(actAsked({ acts: ['reschedul'], verbs: ['move'], objects: ['event'] }, told('I move house. Which event is next?'))).toBe(false);
  });

  it('takes a tool without words for asked', () => {
    expect(actAsked({ acts: undefined, verbs: undefined, objects: undefined }, told('anything'))).toBe(true);
  });

  it('tells several things of a kind from one', () => {
    expect(severalMeant(['websites'], told('Summarise the websites posted there'))).toBe(true);
    expect(severalMeant(['websites'], told('Read the website www.a.com'))).toBe(false);
    expect(severalMeant(['websites'], told('Visit the websites of Ann (www.a.com) and Bo (www.b.com).'))).toBe(false);
  });
});

describe('a target described by how it begins', () => {
  const instruction = told('Write hello to the channel starting with Ext');
  const seen = (text: string) => withResult(instruction, { tool: list, action: 'a', resultText: text, trusted: true });

  it('is named when only one thing begins like that', () => {
    expect(provenanceOf('External_0', seen('- general\n- External_0')).trust).toBe('instruction');
  });
  it('is doubtful when somebody planted another', () => {
    expect(provenanceOf('External_0', seen('- External_0\n- Extern_9')).trust).toBe('third_party');
    expect(provenanceOf('External_9', seen('- External_0\n- External_9')).trust).toBe('third_party');
  });
  it('is nothing before it was seen', () => {
    expect(provenanceOf('External_0', instruction).trust).toBe('nowhere');
  });
});
