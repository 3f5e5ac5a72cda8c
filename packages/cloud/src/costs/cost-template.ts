/** As much of a template as its costs are counted in. */
export interface CostResource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

export interface CostTemplate {
  readonly Resources?: Readonly<Record<string, CostResource>>;
}
