/** What the server tells of itself (`transloop.status`). Whatever is missing or odd is left out, never shown. */

export interface Job {
  id: string;
  uri: string;
  names: string[];
  target: string;
  state: string;
  message: string;
  verdict: string | null;
  placed: string | null;
}

export interface Told {
  model: string;
  adapter: string | null;
  training: string;
  problem: string;
  today: { translated: number; run: number; verified: number } | undefined;
  jobs: Job[];
}

export function told(answer: unknown): Told | undefined {
  if (typeof answer !== "object" || answer === null) return undefined;
  const given = answer as Partial<Told>;
  return {
    model: text(given.model),
    adapter: typeof given.adapter === "string" ? given.adapter : null,
    training: text(given.training),
    problem: text(given.problem),
    today: typeof given.today === "object" ? given.today : undefined,
    jobs: Array.isArray(given.jobs) ? given.jobs : [],
  };
}

/** Such as "3 of 4 verified today"; nothing before the first one. */
export function share({ today }: Told): string {
  if (!today || today.translated === 0) return "";
  if (today.run === 0) return `${today.translated} translated today, none run`;
  return `${today.verified} of ${today.run} verified today`;
}

/** The job's function and language, such as "gcd to javascript". */
export function title(job: Job): string {
  return `${job.names[0] ?? "code"} to ${job.target}`;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
