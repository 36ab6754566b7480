// Counts what was right and says what was wrong.

export class Judge {
    #right = 0;
    #wrong = 0;

    /** A call through Prism: its status, and that Prism found nothing. */
    call(name, response, status) {
        const violations = response.headers.get('sl-violations');
        if (response.status !== status) {
            this.failed(name, `status ${response.status} instead of ${status}`);
        } else if (violations) {
            this.failed(name, violations);
        } else {
            this.passed(`${status} ${name}`);
        }
    }

    equal(name, seen, truth) {
        const [a, b] = [JSON.stringify(seen), JSON.stringify(truth)];
        if (a === b) this.passed(name);
        else this.failed(name, `${a.slice(0, 600)}\n  instead of\n  ${b.slice(0, 600)}`);
    }

    passed(name) {
        this.#right += 1;
        console.log(`ok   ${name}`);
    }

    failed(name, why) {
        this.#wrong += 1;
        console.log(`FAIL ${name}\n  ${why}`);
    }

    /** The exit code. */
    conclude() {
        console.log(`\n${this.#right} right, ${this.#wrong} wrong`);
        return this.#wrong === 0 && this.#right > 0 ? 0 : 1;
    }
}
