// Counts checks: one line each, nothing hidden, the run goes on after a failure.

export class Tally {
  passed = 0;
  failures = [];

  // Runs one check; gives back what it returns, or undefined when it failed.
  async check(name, run) {
    try {
      const result = await run();
      this.passed += 1;
      console.log(`ok    ${name}`);
      return result;
    } catch (error) {
      const why = String(error?.message ?? error).replace(/\u001b\[[0-9;]*m/g, "").split("\n").slice(0, 6).join(" | ");
      this.failures.push(name);
      console.log(`FAIL  ${name}: ${why.slice(0, 900)}`);
      return undefined;
    }
  }

  // A step of the journey: what stops it counts as one failure, and the next step still runs.
  async step(title, run) {
    console.log(`\n== ${title}`);
    const started = Date.now();
    try {
      await run();
    } catch (error) {
      this.failures.push(title);
      console.log(`FAIL  ${title} stopped: ${String(error?.stack ?? error).slice(0, 1500)}`);
    }
    console.log(`      (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  }

  // The last line of the run.
  sum() {
    for (const name of this.failures) console.log(`failed: ${name}`);
    console.log(`${this.passed} passed, ${this.failures.length} failed`);
    return this.failures.length === 0;
  }
}
