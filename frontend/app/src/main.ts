import { provideBrowserGlobalErrorListeners } from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import { App } from './app/app';
import { sayBroken } from './app/broken';
import { Reader } from './app/reader';
import { Subject } from './app/subject';

bootstrapApplication(App, {
  providers: [provideBrowserGlobalErrorListeners(), { provide: Subject, useExisting: Reader }],
}).catch(sayBroken);
