import { provideBrowserGlobalErrorListeners } from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import { sayBroken } from '../app/broken';
import { Subject } from '../app/subject';
import { Desk } from './desk';
import { Session } from './session';

bootstrapApplication(Desk, {
  providers: [
    provideBrowserGlobalErrorListeners(),
    Session,
    { provide: Subject, useExisting: Session },
  ],
}).catch(sayBroken);
