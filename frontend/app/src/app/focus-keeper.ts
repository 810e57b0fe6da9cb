import { afterEveryRender, Directive, ElementRef, inject } from '@angular/core';

/** Takes the focus when the element that has it vanishes: keyboards and screen readers go on here, not from the top. */
@Directive({
  selector: '[appKeepsFocus]',
  host: { tabindex: '-1', '(document:focusin)': 'follow($event)' },
})
export class FocusKeeper {
  private focused: EventTarget | null = null;

  constructor() {
    const { nativeElement: host } = inject<ElementRef<HTMLElement>>(ElementRef);
    afterEveryRender(() => {
      const isLost = this.focused instanceof Element && !this.focused.isConnected;
      if (isLost && document.activeElement === document.body) host.focus({ preventScroll: true });
    });
  }

  protected follow({ target }: Event): void {
    this.focused = target;
  }
}
