import { ChangeDetectionStrategy, Component, computed, inject, signal } from '@angular/core';
import type { Benchmark } from '@digitlens/recognizer';
import { milliseconds } from './format';
import { modelProblem } from './problems';
import { Reader } from './reader';
import { text } from './text';

const RUNS = 20;
const STAGES = ['decode', 'letterbox', 'inference', 'recognition', 'draw', 'total'] as const;

/** What runs the model here, where the last photo's time went, and a measurement on the visitor's own device. */
@Component({
  selector: 'app-device-panel',
  templateUrl: './device-panel.html',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class DevicePanel {
  protected readonly reader = inject(Reader);
  protected readonly text = text.device;
  protected readonly milliseconds = milliseconds;
  protected readonly isRunning = signal(false);
  protected readonly benchmark = signal<Benchmark | undefined>(undefined);
  protected readonly problem = signal('');
  protected readonly runtime = computed(() => {
    // The backend may change with the photo: it is that of the present worker.
    this.reader.photo();
    this.benchmark();
    const runtime = this.reader.recognizer()?.runtime;
    if (!runtime) return text.device.notLoaded;
    const name = text.device.backends[runtime.backend];
    return runtime.backend === 'wasm' ? `${name}, ${text.device.threads(runtime.threads)}` : name;
  });
  protected readonly stages = computed(() => {
    const photo = this.reader.photo();
    if (!photo?.recognition) return [];
    const timings = { ...photo.recognition.timings, draw: photo.draw ?? 0 };
    return STAGES.map((stage) => ({
      stage,
      name: text.device.stages[stage],
      duration: timings[stage],
      share: timings[stage] / Math.max(timings.total, 1),
    }));
  });
  protected readonly looks = computed(() => this.reader.photo()?.recognition?.looks ?? 0);
  protected readonly bars = computed(() => {
    const runs = this.benchmark()?.runs ?? [];
    const most = Math.max(...runs);
    return runs.map((run) => ({ run, height: (run / most) * 100 }));
  });
  protected readonly summary = computed(() => {
    const runs = [...(this.benchmark()?.runs ?? [])].sort((a, b) => a - b);
    if (runs.length === 0) return '';
    const middle = runs[Math.floor(runs.length / 2)];
    return text.device.measured(milliseconds(runs[0]), milliseconds(middle), runs.length);
  });

  protected async measure(): Promise<void> {
    const recognizer = this.reader.recognizer();
    if (!recognizer || this.isRunning()) return;
    this.isRunning.set(true);
    this.problem.set('');
    try {
      this.benchmark.set(await recognizer.benchmark({ runs: RUNS }));
    } catch (error) {
      this.problem.set(modelProblem(error).sentence);
    }
    this.isRunning.set(false);
  }
}
