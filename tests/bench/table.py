"""What was measured, as one table of ratios; and tables of absolute figures, which say something about this machine only."""
import statistics


class Row:
    def __init__(self, group, name, values, target, every, unit):
        self.group = group
        self.name = name
        self.values = values
        self.target = target  # ('>=' | '<=' | '==', number), or None: there is none
        self.every = every  # whether each round has to reach it, or the median
        self.unit = unit

    def reached(self):
        """None: there is nothing to reach."""
        if not self.target:
            return None
        how, limit = self.target
        values = self.values if self.every else [statistics.median(self.values)]
        return all({'>=': value >= limit, '<=': value <= limit, '==': value == limit}[how] for value in values)


def digits(value):
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return '%.*f' % (0 if abs(value) >= 1000 else 1 if abs(value) >= 100 else 2 if abs(value) >= 0.1 else 3, value)


def columns(lines):
    """Lines of cells as lines of text: the first cell stands at the left, the others at the right. A lone cell may be longer."""
    widths = [max(len(line[i]) for line in lines if 1 < len(line) > i) for i in range(max(map(len, lines)))]
    for line in lines:
        yield '  '.join([line[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]).rstrip()


class Table:
    def __init__(self):
        self.rows = []
        self.figures = []  # (title, head, lines)
        self.skipped = []  # (what, why)
        self.odd = []

    def add(self, group, name, values, target=None, every=False, unit=''):
        self.rows.append(Row(group, name, list(values), target, every, unit))

    def ratio(self, group, name, over, under, target=None):
        """One figure for each round: what was measured in it over what was measured right beside it."""
        self.add(group, name, [a / b for a, b in zip(over, under)], target)

    def figure(self, title, head, lines):
        self.figures.append((title, head, lines))

    def skip(self, what, why):
        self.skipped.append((what, why))

    def missed(self):
        return [row for row in self.rows if row.reached() is False]

    def print(self):
        lines = [['', 'MIN', 'MEDIAN', 'MAX', '', 'TARGET', 'REACHED']]
        signs = {'>=': '≥', '<=': '≤', '==': '='}
        group = None
        for row in self.rows:
            if row.group != group:
                group = row.group
                lines.append([''])
                lines.append([group])
            middle = statistics.median(row.values)
            target = signs[row.target[0]] + ' ' + digits(row.target[1]) if row.target else '-'
            mark = {None: '', True: 'yes', False: 'NO'}[row.reached()]
            lines.append(['  ' + row.name, digits(min(row.values)), digits(middle), digits(max(row.values)), row.unit, target, mark])
        for text in columns(lines):
            print(text)
        for title, head, body in self.figures:
            print('\n%s' % title)
            for text in columns([head] + body):
                print('  ' + text)
        if self.skipped:
            print()
        for what, why in self.skipped:
            print('skip  %s: %s' % (what, why))
        for text in self.odd:
            print('odd   %s' % text)
        missed = self.missed()
        print('\n%d targets reached, %d missed, %d parts skipped' % (
            sum(row.reached() is True for row in self.rows), len(missed), len(self.skipped)))
