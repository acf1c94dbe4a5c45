// What screen readers see of the painted conversation: a list whose items are the messages, each readable and with its
// actions. UI thread.
#pragma once

namespace ui {

class ConversationView;

void installConversationAccessible();  // once is enough; more calls do nothing
void notifyConversationReset(ConversationView* view);
void notifyConversationRows(ConversationView* view, int first, int last, bool inserted);
void notifyConversationChanged(ConversationView* view, int row);
void notifyConversationFocus(ConversationView* view, int row);

}  // namespace ui
