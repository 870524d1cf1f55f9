/** The server: started, watched, started again when it ends by itself, and asked. */

import * as vscode from "vscode";
import {
  CloseAction,
  ErrorAction,
  DidChangeConfigurationNotification,
  ExecuteCommandRequest,
  LanguageClient,
  WorkDoneProgressCancelNotification,
  type LanguageClientOptions,
} from "vscode-languageclient/node";

import { SHOWS_DIFFS } from "./client";
import { ServerProcess } from "./process";
import type { Tree } from "./settings";

/** missing: there is no program; waiting: it ended and starts again in a moment; failed: it ended too often. */
export type Phase = "missing" | "stopped" | "starting" | "running" | "waiting" | "failed";

/** A server that has not answered for so long is ended: a cold start on a busy machine takes ten seconds. */
const START_MS = 60_000;
/** Ends that lie further apart are no series. */
const SERIES_MS = 180_000;
/** Ends in a series that are followed by another start, after 1, 2, 4 and 8 seconds. */
const RESTARTS = 4;
/** The same for a server that has never come up: it lacks something, and will do so again. */
const RESTARTS_AT_FIRST = 2;

/** Logs what the usual client would also show: `Server` says it in words of its own, once. */
class Client extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

export class Server implements vscode.Disposable {
  phase: Phase = "stopped";
  /** Why it ended, with its last words. */
  why = "";
  private client: Client | undefined;
  private process: ServerProcess | undefined;
  /** Starts and stops happen one after the other. They do not wait for `started`: a server may never answer. */
  private turn: Promise<void> = Promise.resolve();
  private started: Promise<void> = Promise.resolve();
  /** The command that was started last, as JSON; undefined: there was none. */
  private running: string | undefined;
  private starts = 0;
  private cameUp = false;
  private ends: number[] = [];
  private timer: NodeJS.Timeout | undefined;
  private readonly changed = new vscode.EventEmitter<Phase>();
  readonly onDidChange = this.changed.event;

  constructor(
    private readonly channel: vscode.LogOutputChannel,
    private readonly command: () => string[] | undefined,
    private readonly options: () => LanguageClientOptions,
  ) {}

  /** Stop what runs and start it anew; gives up nothing, however often it has failed before. */
  restart(): Promise<void> {
    clearTimeout(this.timer);
    this.ends = [];
    this.cameUp = false;
    return (this.turn = this.turn.then(() => this.stop()).then(() => { this.start(); }));
  }

  /** The settings have changed: another program is started, the same one is left alone. */
  async follow(): Promise<void> {
    await this.turn;
    if (JSON.stringify(this.command()) !== this.running) await this.restart();
  }

  /** Wait until it has come up, or has not. */
  async settled(): Promise<void> {
    await this.turn;
    await this.started;
  }

  /** What it said of its version; undefined when it does not run. */
  get version(): string | undefined {
    return this.phase === "running" ? this.client?.initializeResult?.serverInfo?.version ?? "" : undefined;
  }

  /** Its process; undefined when there is none. */
  get pid(): number | undefined {
    return this.process?.pid;
  }

  /** Run one of its commands. Rejects where it does not run, or refuses. */
  async ask(command: string, ...args: unknown[]): Promise<unknown> {
    await this.settled();
    if (this.client === undefined || this.phase !== "running") throw new Error("transloop's server is not running.");
    return this.client.sendRequest(ExecuteCommandRequest.type, { command, arguments: args });
  }

  /** A position or a URI in the form that it reads. */
  get converter(): LanguageClient["code2ProtocolConverter"] | undefined {
    return this.client?.code2ProtocolConverter;
  }

  async configure(settings: Tree): Promise<void> {
    if (this.phase === "running")
      await this.client?.sendNotification(DidChangeConfigurationNotification.type, { settings: { transloop: settings } });
  }

  cancelProgress(token: number | string): void {
    void this.client?.sendNotification(WorkDoneProgressCancelNotification.type, { token });
  }

  /** Stop it until it is started again. */
  halt(): Promise<void> {
    clearTimeout(this.timer);
    return (this.turn = this.turn.then(() => this.stop()));
  }

  async dispose(): Promise<void> {
    await this.halt();
    this.changed.dispose();
  }

  private start(): void {
    clearTimeout(this.timer);
    const command = this.command();
    this.running = JSON.stringify(command);
    if (command === undefined) {
      this.become("missing");
      return;
    }
    this.channel.info(`Starting ${command.join(" ")}`);
    const process = new ServerProcess(command);
    const client = new Client("transloop", "transloop", () => process.spawn(), {
      ...this.options(),
      initializationFailedHandler: () => false,
      errorHandler: {
        error: (_error, _message, count = 0) => ({
          action: count <= 3 ? ErrorAction.Continue : ErrorAction.Shutdown,
          handled: true,
        }),
        closed: () => {
          void this.ended(client, process);
          return { action: CloseAction.DoNotRestart, handled: true }; // `ended` does, after a while
        },
      },
    });
    client.registerFeature(SHOWS_DIFFS);
    [this.client, this.process] = [client, process];
    this.starts += 1;
    this.become("starting");
    const late = setTimeout(() => { process.kill(`It did not answer within ${START_MS / 1000} seconds.`); }, START_MS);
    this.started = client
      .start()
      .then(
        () => { if (client === this.client) this.become("running"); },
        () => this.ended(client, process),
      )
      .finally(() => { clearTimeout(late); });
  }

  private async stop(): Promise<void> {
    const [client, process] = [this.client, this.process];
    [this.client, this.process] = [undefined, undefined];
    if (this.phase !== "stopped") this.become("stopped");
    try {
      if (client?.isRunning()) await client.dispose();
      else process?.kill("It was stopped while it started"); // in order it would only stop once it runs
    } catch (error) {
      this.channel.debug(`The server did not stop in order: ${String(error)}`);
    }
    await process?.end();
  }

  /** It has ended without having been told to. */
  private async ended(client: Client, process: ServerProcess): Promise<void> {
    if (client !== this.client) return;
    const [ran, starts] = [this.phase === "running", this.starts];
    [this.client, this.process] = [undefined, undefined];
    this.why = await process.farewell();
    client.dispose().catch(() => undefined); // it is not connected to anything any more
    if (starts !== this.starts) return; // somebody has started another one meanwhile
    this.channel.error(`The server ended. ${this.why}`);
    const now = Date.now();
    this.ends = [...this.ends.filter((end) => now - end < SERIES_MS), now];
    if (this.ends.length > (this.cameUp ? RESTARTS : RESTARTS_AT_FIRST)) {
      this.become("failed");
      return;
    }
    const wait = 1000 * 2 ** (this.ends.length - 1);
    this.become("waiting");
    if (ran && this.ends.length === 1) this.tellOfRestart();
    this.timer = setTimeout(() => { this.turn = this.turn.then(() => { if (this.phase === "waiting") this.start(); }); }, wait);
  }

  private tellOfRestart(): void {
    void vscode.window
      .showWarningMessage(`transloop's server ended by itself and is started again. ${this.why}`, "Show Output")
      .then((choice) => { if (choice) this.channel.show(); });
  }

  private become(phase: Phase): void {
    this.phase = phase;
    if (phase === "running") {
      this.cameUp = true;
      this.why = "";
    }
    this.changed.fire(phase);
  }
}
