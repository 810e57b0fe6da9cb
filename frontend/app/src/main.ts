import { provideBrowserGlobalErrorListeners } from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import { App } from './app/app';
import { text } from './app/text';

bootstrapApplication(App, { providers: [provideBrowserGlobalErrorListeners()] }).catch(
  (error: unknown) => {
    console.error(error);
    // Whatever is left of the page, it says what it is and that it doesn't work.
    const words = document.createElement('p');
    words.role = 'alert';
    words.className = 'late late-now';
    words.textContent = text.start.broken;
    document.body.append(words);
  },
);
