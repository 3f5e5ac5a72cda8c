/**
 * What a Containerfile says, for the checks that read it. It does not run anything.
 */
import { DockerfileParser } from 'dockerfile-ast';

export interface Instruction {
  readonly keyword: string;
  /** With its flags, in one line. */
  readonly rest: string;
}

export function instructionsOf(text: string): readonly Instruction[] {
  return DockerfileParser.parse(text)
    .getInstructions()
    .map((one) => {
      // The parser tells flags apart from arguments; here they stay together.
      const lines = one.getTextContent().replaceAll(/\\\n\s*/g, ' ');
      return { keyword: one.getKeyword(), rest: lines.slice(one.getKeyword().length).trim() };
    });
}

/** The last stage: what is in the image. */
export function finalStage(instructions: readonly Instruction[]): readonly Instruction[] {
  return instructions.slice(instructions.map(({ keyword }) => keyword).lastIndexOf('FROM'));
}

/** The image of each `FROM`, in the order of the file. */
export function basesOf(instructions: readonly Instruction[]): readonly string[] {
  return instructions.filter(({ keyword }) => keyword === 'FROM').map(({ rest }) => rest.split(' ')[0] ?? '');
}

/** Absolute paths that a stage takes away with `rm`, in the form without a shell. */
export function removedOf(stage: readonly Instruction[]): readonly string[] {
  return stage
    .filter(({ keyword, rest }) => keyword === 'RUN' && rest.startsWith('["rm"'))
    .flatMap(({ rest }) => (JSON.parse(rest) as string[]).filter((argument) => argument.startsWith('/')));
}
