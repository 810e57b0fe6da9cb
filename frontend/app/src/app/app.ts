import { ChangeDetectionStrategy, Component, computed, effect, inject } from '@angular/core';
import { Title } from '@angular/platform-browser';
import { bytes } from './format';
import { PhotoPicker } from './photo-picker';
import { PhotoView } from './photo-view';
import { Reader } from './reader';
import { ResultList } from './result-list';

/** The page. */
@Component({
  selector: 'app-root',
  templateUrl: './app.html',
  imports: [PhotoPicker, PhotoView, ResultList],
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class App {
  protected readonly reader = inject(Reader);
  protected readonly title = computed(() => this.reader.manifest()?.name ?? 'digitlens');
  protected readonly text = computed(() =>
    this.reader
      .photo()
      ?.recognition?.numbers.map((number) => number.text)
      .join(''),
  );
  protected readonly progressText = computed(() => {
    const progress = this.reader.progress();
    return progress ? `${bytes(progress.loaded)} of ${bytes(progress.total)}` : 'starting';
  });

  constructor() {
    const documentTitle = inject(Title);
    effect(() => {
      documentTitle.setTitle(this.title());
    });
    void this.reader.load();
  }
}
