/**
 * Writes package-lock.json for every platform, without the addresses of the registry it was made with. (npm has an
 * option for the latter, omit-lockfile-registry-resolved, but it forgets the versions of other platforms' packages.)
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';

execFileSync('npm', ['install', '--package-lock-only'], { stdio: 'inherit' });
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
for (const entry of Object.values(lock.packages)) {
  if (entry.link !== true) delete entry.resolved;
}
writeFileSync('package-lock.json.partial', `${JSON.stringify(lock, null, 2)}\n`);
renameSync('package-lock.json.partial', 'package-lock.json');
